// What the system says about a process and about the machine. Elsewhere than on Linux it says nothing: `undefined`.
import { readdirSync, readFileSync } from "node:fs"

const ticksPerSecond = 100

const read = (file) => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return undefined
  }
}

/** Seconds of processor time a process has used, all its threads together. */
export const cpuSeconds = (pid) => {
  const fields = read(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, "")
    .split(" ")
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Resident memory in MB. */
export const rssMb = (pid) => {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`) ?? "")?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1024
}

/** Open descriptors. */
export const descriptors = (pid) => {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return undefined
  }
}

/** Seconds of processor time everybody has used since the machine started. */
export const machineSeconds = () => {
  const fields = read("/proc/stat")?.split("\n")[0].trim().split(/\s+/).slice(1).map(Number)
  if (fields === undefined) return undefined
  const [user, nice, system, , , irq, softirq] = fields
  return (user + nice + system + irq + softirq) / ticksPerSecond
}
