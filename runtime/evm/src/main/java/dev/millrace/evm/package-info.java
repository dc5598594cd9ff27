/** Ethereum: the definitions of contracts and events, and what their handlers are given. */
@NullMarked
package dev.millrace.evm;

import org.jspecify.annotations.NullMarked;
