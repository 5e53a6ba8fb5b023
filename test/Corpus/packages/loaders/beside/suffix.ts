export const suffix: string = "!"
