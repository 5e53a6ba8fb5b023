// Following a run by server-sent events, with `fetch`: an `EventSource` cannot send the key.

/** Shows a run from its events until it ends, and passes on its id as soon as it arrives. */
export const follow = async (response, show, begun) => {
  const run = { status: "running", steps: [] }
  const messages = []
  let isDue = false
  const draw = () => {
    isDue = false
    show(run, messages)
  }
  const heard = {
    run_started: ({ runId, runIndex, runName, ...rest }) => {
      Object.assign(run, rest, { id: runId, index: runIndex, name: runName })
      begun(runId)
    },
    step_started: ({ startedAt, step }) => run.steps.push({ name: step, status: "running", startedAt }),
    step_finished: ({ step, ...rest }) => Object.assign(run.steps.find(({ name }) => name === step) ?? {}, rest),
    message: (data) => messages.push(data),
    element: (data) => {
      run.outputs ??= []
      run.outputs.push(data)
    },
    run_finished: (end) => Object.assign(run, end),
    unavailable: (error) => Object.assign(run, { status: "failed", error }),
    shutdown: ({ message }) => messages.push(message)
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ""
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    const frames = (rest + value).split("\n\n")
    rest = frames.pop()
    for (const frame of frames) {
      const [, event] = /^event: (.+)$/m.exec(frame) ?? []
      const [, data] = /^data: (.+)$/m.exec(frame) ?? []
      if (data !== undefined) heard[event]?.(JSON.parse(data))
    }
    if (!isDue) requestAnimationFrame(draw)
    isDue = true
  }
  draw()
  if (run.status === "running") throw new Error("the stream ended early")
}
