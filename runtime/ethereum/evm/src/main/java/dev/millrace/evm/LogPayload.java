package dev.millrace.evm;

import dev.millrace.loaders.Address;

/** The payload of a pipeline event: the decoded record and the fields of its log. */
record LogPayload(Object event, Address contract, TransactionRef transaction) {}
