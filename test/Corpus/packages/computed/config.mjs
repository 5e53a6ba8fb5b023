process.env.NODE_CONFIG_DIR = `${import.meta.dirname}/settings`

export const answer = async () => (await import("config")).default.get("database.host")
