/**
 * The backend of `FileSystem.watch` that uses `@parcel/watcher`. The exports are those of
 * `NodeFileSystem/ParcelWatcher` in `@effect/platform-node`; the code is that of
 * `@effect/platform-node-shared`.
 *
 * @since 0.1.0
 */
export * from "@effect/platform-node-shared/NodeFileSystem/ParcelWatcher"
