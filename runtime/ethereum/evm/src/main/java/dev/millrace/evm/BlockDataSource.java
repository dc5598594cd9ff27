package dev.millrace.evm;

import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import org.jspecify.annotations.Nullable;

/**
 * Facts of a chain beside its logs, loaded when a handler first reads them. Called by many threads
 * at once.
 *
 * <p>A block or a transaction that the chain does not know any more indicates a reorg.
 */
public interface BlockDataSource {
  BlockHeader header(Bytes32 blockHash) throws InterruptedException;

  TransactionBody transaction(Bytes32 hash, Bytes32 blockHash) throws InterruptedException;

  /** Returns a transaction without waiting; null if it has not been fetched already. */
  default @Nullable TransactionBody fetched(Bytes32 hash, Bytes32 blockHash) {
    return null;
  }

  /** For a source that delivers complete blocks and knows no transactions. */
  BlockDataSource NONE =
      new BlockDataSource() {
        @Override
        public BlockHeader header(Bytes32 blockHash) {
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
