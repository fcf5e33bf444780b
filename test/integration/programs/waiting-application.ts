/**
 * A Fastify application with the plugin, one of whose handlers never answers. Says its port over its channel:
 *
 *     node waiting-application.js STORE
 */
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { openStore } from 'percpu-metrics';
import metrics from 'percpu-metrics/fastify';

const app = fastify();
await app.register(metrics, { store: openStore({ path: process.argv[2] ?? '' }) });
app.get('/wait', () => new Promise(() => {}));
await app.listen({ host: '127.0.0.1', port: 0 });
process.send?.((app.server.address() as AddressInfo).port);
process.once('disconnect', () => process.exit());
