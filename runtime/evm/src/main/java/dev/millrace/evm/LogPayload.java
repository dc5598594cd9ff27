package dev.millrace.evm;

import dev.millrace.loaders.Address;

/** What an event of the pipeline carries for its handler. */
record LogPayload(Object event, Address contract, Transaction transaction) {}
