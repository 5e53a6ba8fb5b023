import { createScheduler, OEM, PSM } from "tesseract.js"

export const answer = () => [OEM.LSTM_ONLY, PSM.AUTO, createScheduler().getNumWorkers()]
