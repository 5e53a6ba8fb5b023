import { suffix } from "./suffix.js"

export enum Tone {
  Plain = "plain"
}
export const greet = (name: string): string => `Hello ${name}${suffix} (${Tone.Plain})`
