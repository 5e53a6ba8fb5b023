export const up = async ({ context }) => context.push("posts up")
export const down = async ({ context }) => context.push("posts down")
