/** `percpu-metrics/server`: the service as a Fastify app, for programs that run it themselves. */
export { type AppOptions, buildApp, LOG_LEVELS, type LogLevel } from './app.js';
export { BODY_LIMIT, type Problem, type ProblemCode, SERVICE_CODES } from './problem.js';
export { AttachedStore, OpenedStore, type StoreSource } from './store-source.js';
