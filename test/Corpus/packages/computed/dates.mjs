import { addMonths, formatISO } from "date-fns"
import { de } from "date-fns/locale"
import dayjs from "dayjs"
import german from "dayjs/locale/de.js"
import utc from "dayjs/plugin/utc.js"
import { DateTime } from "luxon"

dayjs.extend(utc)

export const answer = () => [
  formatISO(addMonths(new Date(2024, 0, 31), 1), { representation: "date" }),
  de.code,
  dayjs.utc(0).locale(german).format("MMMM"),
  DateTime.fromMillis(0, { zone: "Asia/Tokyo" }).setLocale("fr").toFormat("cccc HH:mm")
]
