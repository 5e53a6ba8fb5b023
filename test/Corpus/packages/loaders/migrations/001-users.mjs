export const up = async ({ context }) => context.push("users up")
export const down = async ({ context }) => context.push("users down")
