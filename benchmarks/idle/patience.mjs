/** The idle timeout of every server, ms: longer than any measurement. */
export const keepAliveTimeout = 3_600_000
