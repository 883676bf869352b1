/**
 * Returns whether sockets use their handles as in Node: they read into a user buffer, and each write is one
 * call of the handle. The other files of this folder that replace parts of a socket ask this file first.
 * Runtimes with a `node:net` of their own may differ although the members exist.
 */
import * as net from "node:net"

const expected = ["useUserBuffer", "readStart", "writeLatin1String", "close"]

/** Makes a socket over a handle that only records calls, and returns whether the calls are those of Node. */
export const drives = (Socket: typeof net.Socket): boolean => {
  const calls: Array<string> = []
  const zero = () => 0
  const recorder = (name: string) => () => {
    calls.push(name)
    return 0
  }
  const handle = {
    ...Object.fromEntries(expected.map((name) => [name, recorder(name)])),
    ...{ getAsyncId: zero, getProviderType: zero, getBytesRead: zero, getBytesWritten: zero }
  }
  const onread = { buffer: new Uint8Array(1), callback: () => true }
  try {
    const socket = new Socket({ handle, manualStart: true, onread } as net.SocketConstructorOpts)
    socket.on("error", () => {})
    socket.read(0)
    socket.write("a", "latin1")
    socket.destroy()
  } catch {
    return false
  }
  return calls.join() === expected.join()
}

let known: boolean | undefined

export const drivesHandle = (): boolean => (known ??= drives(net.Socket))
