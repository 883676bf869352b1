/** The idle timeout of every server, ms. It is longer than any measurement. */
export const keepAliveTimeout = 3_600_000
