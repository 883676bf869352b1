/** The page of the upload: how far the browser is with sending, then what the server received. */
export const page = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width, initial-scale=1" />
  <link rel="icon" href="data:," />
  <title>Upload</title>
  <style>
    body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif; color: #1c2733 }
    progress { width: 100%; height: 1.2rem }
    pre { min-height: 5rem; padding: 1rem; background: #f3f5f8; border-radius: 0.4rem; white-space: pre-wrap; overflow-wrap: anywhere }
  </style>
  <body>
    <h1>Upload</h1>
    <input type="file" multiple aria-label="Files" />
    <p><progress value="0" max="1"></progress></p>
    <pre id="output" aria-live="polite">Choose files.</pre>
    <script>
      const output = document.getElementById("output")
      const progress = document.querySelector("progress")
      document.querySelector("input").onchange = ({ target }) => {
        const form = new FormData()
        for (const file of target.files) form.append("file", file)
        // fetch does not tell how much of a request was sent.
        const request = new XMLHttpRequest()
        request.upload.onprogress = ({ loaded, total }) => {
          progress.value = loaded / total
          output.textContent = loaded + " of " + total + " bytes sent"
        }
        request.onerror = () => (output.textContent = "The connection was lost.")
        request.onload = () => (output.textContent = request.status + "\\n" + request.responseText)
        request.open("POST", "/upload")
        request.send(form)
      }
    </script>
  </body>
</html>
`
