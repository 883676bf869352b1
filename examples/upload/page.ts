/** The page of the upload: the progress of sending, then what the server received. */
export const page = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width, initial-scale=1" />
  <link rel="icon" href="data:," />
  <title>Upload</title>
  <style>
    :root { color-scheme: light dark }
    body { max-width: 40rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif }
    input { font: inherit; width: 100% }
    progress { width: 100%; height: 1.2rem }
    pre { min-height: 5rem; padding: 1rem; background: color-mix(in srgb, CanvasText 6%, Canvas); border-radius: 0.4rem; font-size: 0.85rem; white-space: pre-wrap; overflow-wrap: anywhere }
  </style>
  <body>
    <h1>Upload</h1>
    <input type="file" multiple aria-label="Files" />
    <p><progress value="0" max="1" aria-label="Sent"></progress></p>
    <pre id="output" aria-live="polite">Choose files, of at most 100 MiB each.</pre>
    <script>
      const output = document.getElementById("output")
      const progress = document.querySelector("progress")
      const input = document.querySelector("input")
      const megabytes = (bytes) => (bytes / 1e6).toFixed(1) + " MB"
      const received = ({ name, bytes, sha256 }) => name + ": " + bytes + " bytes received\\nSHA-256 " + sha256
      // Allows the same file to be selected again.
      input.onclick = () => (input.value = "")
      input.onchange = () => {
        if (input.files.length === 0) return
        const form = new FormData()
        for (const file of input.files) form.append("file", file)
        input.disabled = true
        // fetch does not report the progress of a request.
        const request = new XMLHttpRequest()
        request.upload.onprogress = ({ loaded, total }) => {
          progress.value = loaded / total
          output.textContent = megabytes(loaded) + " of " + megabytes(total) + " sent"
        }
        request.onerror = () => (output.textContent = "The connection was lost.")
        request.onload = () => {
          output.textContent =
            request.status === 200
              ? JSON.parse(request.responseText).map(received).join("\\n\\n")
              : "Refused: " + request.status + " " + request.responseText
        }
        request.onloadend = () => (input.disabled = false)
        request.open("POST", "/upload")
        request.send(form)
      }
    </script>
  </body>
</html>
`
