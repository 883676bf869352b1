/**
 * TLS sessions to be resumed, by the key of the connections that may: the last one of each, of so many keys.
 *
 * A key has everything in it that a handshake depends on, so a session is offered only where it was made in
 * the same way. Sessions are secrets: they are kept here and told to nobody.
 */
export class Sessions {
  private readonly sessions = new Map<string, Uint8Array>()

  constructor(private readonly max: number) {}

  get(key: string): Uint8Array | undefined {
    return this.sessions.get(key)
  }

  set(key: string, session: Uint8Array): void {
    if (this.max === 0) return
    // Behind all others: the first is the one that was set longest ago.
    this.sessions.delete(key)
    this.sessions.set(key, session)
    if (this.sessions.size <= this.max) return
    for (const oldest of this.sessions.keys()) return void this.sessions.delete(oldest)
  }

  delete(key: string): void {
    this.sessions.delete(key)
  }
}
