/**
 * Faults for any service: a layer between a program and what it talks to, generated from the services' interfaces, in
 * which every call is a numbered effect point that can fail, lose its reply, hang, be slow or be the last.
 *
 * **Details**
 *
 * A sweep runs the same program with a fault at point 1, 2, 3 and so on, until the program ends
 * without the fault: then the program was broken off at every step. `Simulation` does that for whole deployers.
 */
export * from "./Faults/Failures.js"
export * from "./Faults/Fault.js"
export * from "./Faults/Injector.js"
export * from "./Faults/Services.js"
