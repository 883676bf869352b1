/**
 * TLS sessions for resumption: the latest one per connection key, for a limited number of keys.
 *
 * A key covers everything that a handshake depends on, so a session is only offered under equal conditions.
 * Sessions are secrets and never leave this class.
 */
export class Sessions {
  private readonly sessions = new Map<string, Uint8Array>()

  constructor(private readonly max: number) {}

  get(key: string): Uint8Array | undefined {
    return this.sessions.get(key)
  }

  set(key: string, session: Uint8Array): void {
    if (this.max === 0) return
    // Re-inserted at the end: the first entry is the oldest.
    this.sessions.delete(key)
    this.sessions.set(key, session)
    if (this.sessions.size <= this.max) return
    for (const oldest of this.sessions.keys()) return void this.sessions.delete(oldest)
  }

  delete(key: string): void {
    this.sessions.delete(key)
  }
}
