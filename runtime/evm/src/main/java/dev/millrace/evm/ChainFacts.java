package dev.millrace.evm;

import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import org.jspecify.annotations.Nullable;

/**
 * What a handler may read of a chain beside the logs, loaded when it first does. Asked by many
 * threads at once.
 *
 * <p>A block or a transaction that the chain does not know any more is news of a reorg.
 */
public interface ChainFacts {
  Header header(Bytes32 blockHash) throws InterruptedException;

  TransactionBody transaction(Bytes32 hash, Bytes32 blockHash) throws InterruptedException;

  /** A transaction that has been fetched already, without waiting; null if it has not been. */
  default @Nullable TransactionBody fetched(Bytes32 hash, Bytes32 blockHash) {
    return null;
  }

  /** Of a chain that tells complete blocks and knows no transactions. */
  ChainFacts NONE =
      new ChainFacts() {
        @Override
        public Header header(Bytes32 blockHash) {
          throw missing("headers", blockHash);
        }

        @Override
        public TransactionBody transaction(Bytes32 hash, Bytes32 blockHash) {
          throw missing("transactions", hash);
        }

        private MillraceException missing(String what, Bytes32 hash) {
          return new MillraceException(
              Remedy.FIX_SETUP, "source tells no %s: asked=%s".formatted(what, hash));
        }
      };
}
