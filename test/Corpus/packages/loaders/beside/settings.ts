export default { port: 8080 as const satisfies number }
