// An endless stream of server-sent events. Each event is a new object.
let count = 0
export const event = () => `id: ${++count}\nevent: tick\ndata: {"price":101.25}\n\n`
export const type = "text/event-stream"
