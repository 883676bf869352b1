import { defineConfig } from "vitest/config"

// For a test that hangs; no other limit decides by the clock on the wall.
const patience = 600_000

export default defineConfig({ test: { testTimeout: patience, hookTimeout: patience } })
