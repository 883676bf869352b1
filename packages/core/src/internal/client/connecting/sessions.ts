/**
 * TLS sessions for resumption: the latest session of each connection key, for a limited number of keys.
 *
 * A key covers everything that a handshake depends on, so a session is only offered to the same server with
 * equal options. Sessions are secrets: never log or export them.
 */
export class Sessions {
  private readonly sessions = new Map<string, Uint8Array>()

  constructor(private readonly max: number) {}

  get(key: string): Uint8Array | undefined {
    return this.sessions.get(key)
  }

  set(key: string, session: Uint8Array): void {
    if (this.max === 0) return
    // Re-insert at the end, so that the first entry of the map is always the oldest.
    this.sessions.delete(key)
    this.sessions.set(key, session)
    if (this.sessions.size <= this.max) return
    for (const oldest of this.sessions.keys()) return void this.sessions.delete(oldest)
  }

  delete(key: string): void {
    this.sessions.delete(key)
  }
}
