/** The page of the chat: one connection, which is made again when it is lost. */
export const page = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width, initial-scale=1" />
  <link rel="icon" href="data:," />
  <title>Chat</title>
  <style>
    body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif; color: #1c2733 }
    ol { list-style: none; min-height: 12rem; padding: 1rem; background: #f3f5f8; border-radius: 0.4rem; overflow-wrap: anywhere }
    form { display: flex; gap: 0.5rem }
    input { flex: 1; font: inherit; padding: 0.3rem 0.6rem }
    button { font: inherit }
  </style>
  <body>
    <h1>Chat</h1>
    <ol id="lines" aria-live="polite"></ol>
    <form><input aria-label="Message" autocomplete="off" autofocus /><button>Send</button></form>
    <script>
      const lines = document.getElementById("lines")
      const form = document.querySelector("form")
      const show = (text) => {
        const line = document.createElement("li")
        line.textContent = text
        lines.append(line)
      }
      const name = "guest " + Math.floor(Math.random() * 1000)
      let socket
      const connect = () => {
        socket = new WebSocket(location.origin.replace("http", "ws") + "/chat?name=" + encodeURIComponent(name))
        socket.onmessage = ({ data }) => show(data)
        socket.onclose = ({ code, reason }) => {
          show("not connected (" + code + " " + reason + "); trying again")
          setTimeout(connect, 1000)
        }
      }
      connect()
      form.onsubmit = (event) => {
        event.preventDefault()
        const input = form.querySelector("input")
        if (input.value !== "" && socket.readyState === WebSocket.OPEN) socket.send(input.value)
        input.value = ""
      }
    </script>
  </body>
</html>
`
