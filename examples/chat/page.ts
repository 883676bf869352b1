/** The page of the chat: one connection, which reconnects after a loss. */
export const page = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width, initial-scale=1" />
  <link rel="icon" href="data:," />
  <title>Chat</title>
  <style>
    :root { color-scheme: light dark }
    body { display: flex; flex-direction: column; gap: 0.8rem; box-sizing: border-box; height: 100vh; height: 100dvh; max-width: 40rem; margin: 0 auto; padding: 1rem; font: 1rem/1.6 system-ui, sans-serif }
    h1, p, ol { margin: 0 }
    ol { flex: 1; overflow-y: auto; list-style: none; padding: 1rem; background: color-mix(in srgb, CanvasText 6%, Canvas); border-radius: 0.4rem; overflow-wrap: anywhere }
    form { display: flex; gap: 0.5rem }
    input { flex: 1; min-width: 0; font: inherit; padding: 0.3rem 0.6rem }
    button { font: inherit }
  </style>
  <body>
    <h1>Chat</h1>
    <p id="state" role="status">Connecting.</p>
    <ol id="lines" aria-live="polite"></ol>
    <form><input aria-label="Message" autocomplete="off" maxlength="1000" autofocus /><button>Send</button></form>
    <script>
      const state = document.getElementById("state")
      const lines = document.getElementById("lines")
      const form = document.querySelector("form")
      const input = document.querySelector("input")
      const show = (text) => {
        // Do not scroll for a reader who has scrolled up.
        const isAtEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40
        const line = document.createElement("li")
        line.textContent = text
        lines.append(line)
        if (lines.childElementCount > 500) lines.firstElementChild.remove()
        if (isAtEnd) lines.scrollTop = lines.scrollHeight
      }
      const name = "guest " + Math.floor(Math.random() * 1000)
      let socket
      const connect = () => {
        socket = new WebSocket(location.origin.replace("http", "ws") + "/chat?name=" + encodeURIComponent(name))
        socket.onopen = () => (state.textContent = "You are " + name + ".")
        socket.onmessage = ({ data }) => show(data)
        socket.onclose = ({ code, reason }) => {
          state.textContent = "Not connected (" + (reason || code) + "), trying again."
          setTimeout(connect, 1000)
        }
      }
      connect()
      form.onsubmit = (event) => {
        event.preventDefault()
        // Unsent text stays in the input.
        if (input.value === "" || socket.readyState !== WebSocket.OPEN) return
        socket.send(input.value)
        input.value = ""
      }
    </script>
  </body>
</html>
`
