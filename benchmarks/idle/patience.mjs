/** For how long every server keeps an idle connection, ms: longer than any measurement. */
export const keepAliveTimeout = 3_600_000
