/** A process that does to a store what it is sent, and says after each that it is done: `operating.js STORE`. */
import { openStore } from 'percpu-metrics';
import { applyToStore, type Operation } from '../store-model.js';

const [path = ''] = process.argv.slice(2);
let store = openStore({ path });

process.on('message', (operation: Operation) => {
  if (operation.act === 'reopen') {
    store.close();
    store = openStore({ path });
  } else {
    applyToStore(store, operation);
  }
  process.send?.('done');
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
