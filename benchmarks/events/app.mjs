// One event of a stream of server-sent events that never ends; each is made anew.
let count = 0
export const event = () => `id: ${++count}\nevent: tick\ndata: {"price":101.25}\n\n`
export const type = "text/event-stream"
