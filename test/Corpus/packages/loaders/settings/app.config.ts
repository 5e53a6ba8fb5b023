export default { db: { host: "localhost" as string } }
