import { chromium, devices } from "playwright-core"

export const answer = () => [chromium.name(), devices["iPhone 13"].viewport]
