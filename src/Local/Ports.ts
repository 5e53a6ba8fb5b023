/**
 * Whether one could listen on a port of this machine.
 *
 * @since 0.1.0
 */
export * from "../Deployer/Ports.js"
