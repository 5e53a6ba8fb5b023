import moment from "moment-timezone"

export const answer = () => {
  moment.locale("de")
  return moment.tz("2024-07-01T12:00:00Z", "America/New_York").format("dddd LLL z")
}
