/**
 * The page at `/`: tries out the features of the demo.
 */
export const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <link rel="icon" href="data:," />
    <title>httpfx</title>
    <style>
      :root { color-scheme: light dark }
      body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif }
      h1 { margin-bottom: 0 }
      table { border-collapse: collapse; width: 100%; margin: 1.5rem 0 }
      td { padding: 0.5rem 0; border-top: 1px solid color-mix(in srgb, CanvasText 15%, Canvas); vertical-align: top }
      td:first-child { padding-right: 1rem; white-space: nowrap; font-family: ui-monospace, monospace }
      pre { min-height: 8rem; padding: 1rem; background: color-mix(in srgb, CanvasText 6%, Canvas); border-radius: 0.4rem; white-space: pre-wrap; overflow-wrap: anywhere }
      button { font: inherit; padding: 0.15rem 0.8rem; cursor: pointer }
      input { font: inherit; width: 100% }
    </style>
  </head>
  <body>
    <h1>httpfx</h1>
    <p>This page was served by an Effect program over its own HTTP/1.1 implementation.</p>
    <table>
      <tr><td><a href="/json">GET /json</a></td><td>An object as JSON.</td></tr>
      <tr><td><a href="/slow">GET /slow</a></td><td>Five words, one every 200 ms. <button data-path="/slow">Watch</button></td></tr>
      <tr><td>POST /echo</td><td>Sends the body back as it comes. <button data-path="/echo" data-body="what goes in comes out">Send</button></td></tr>
      <tr><td>POST /upload</td><td>SHA-256 of the body, while it arrives. <input type="file" aria-label="File to upload" /></td></tr>
    </table>
    <pre id="output" aria-live="polite">The answers appear here.</pre>
    <script>
      const output = document.getElementById("output")
      const show = async (path, init) => {
        output.textContent = ""
        try {
          const response = await fetch(path, init)
          const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
          for (let part = await reader.read(); !part.done; part = await reader.read()) output.append(part.value)
        } catch (error) {
          output.append(String(error))
        }
      }
      for (const button of document.querySelectorAll("button")) {
        const { path, body } = button.dataset
        button.onclick = () => show(path, body === undefined ? {} : { method: "POST", body })
      }
      const input = document.querySelector("input")
      // Allows the same file to be selected again.
      input.onclick = () => (input.value = "")
      input.onchange = () => input.files.length > 0 && show("/upload", { method: "POST", body: input.files[0] })
    </script>
  </body>
</html>
`
