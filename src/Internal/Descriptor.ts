/** The number of a listening socket in its process. Node has no public name for it, and starts processes with numbers only. */
export const descriptorOf = (server: object): number | undefined => {
  const handle: unknown = "_handle" in server ? server._handle : undefined
  const descriptor: unknown = typeof handle === "object" && handle !== null && "fd" in handle ? handle.fd : undefined
  return typeof descriptor === "number" && descriptor >= 0 ? descriptor : undefined
}
