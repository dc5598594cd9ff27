package dev.millrace.evm;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Bytes32;
import dev.millrace.pipeline.Context;
import dev.millrace.pipeline.Effect;
import dev.millrace.pipeline.SourceBlock;
import java.math.BigInteger;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Loads fields of a block and a transaction that a log does not carry. Each load is an effect keyed
 * by hashes, so that it is requested once, many at a time in preloads, and forgotten by a rewind.
 */
final class LazyChainFields {
  private static final String UNKNOWN_HANDLER = "-";

  private final RequestedFields fields = new RequestedFields();
  private final BlockDataSource blockData;
  private final Effect<Bytes32, String> headers;
  private final Effect<String, String> transactions;
  private final Effect<String, Bytes> inputs;

  LazyChainFields(BlockDataSource facts) {
    this.blockData = facts;
    this.headers =
        Effect.reserved("header", Bytes32.class, String.class, hash -> text(facts.header(hash)));
    this.transactions =
        Effect.reserved("transaction", String.class, String.class, key -> text(fetch(facts, key)));
    // Separate from the other fields: calldata can be long, and few handlers read it.
    this.inputs =
        Effect.reserved("input", String.class, Bytes.class, key -> fetch(facts, key).input());
  }

  RequestedFields fields() {
    return fields;
  }

  EvmBlock block(Context context, SourceBlock block) {
    return new LazyBlock(context, block);
  }

  EvmTransaction transaction(Context context, SourceBlock block, TransactionRef transaction) {
    return new LazyTransaction(context, block, transaction);
  }

  private static TransactionBody fetch(BlockDataSource facts, String key)
      throws InterruptedException {
    int gap = key.indexOf(' ');
    return facts.transaction(Bytes32.of(key.substring(0, gap)), Bytes32.of(key.substring(gap + 1)));
  }

  private static String text(BlockHeader header) {
    return header.number() + " " + header.parent() + " " + header.timestamp();
  }

  private static String text(TransactionBody body) {
    Address to = body.to();
    return body.from()
        + " "
        + (to == null ? UNKNOWN_HANDLER : to)
        + " "
        + body.value()
        + " "
        + body.nonce();
  }

  private final class LazyBlock implements EvmBlock {
    private final Context context;
    private final SourceBlock block;
    private String @Nullable [] loaded;

    LazyBlock(Context context, SourceBlock block) {
      this.context = context;
      this.block = block;
    }

    @Override
    public long number() {
      return block.number();
    }

    @Override
    public Bytes32 hash() {
      return block.hash();
    }

    @Override
    public Bytes32 parent() {
      fields.useHeader();
      Bytes32 known = block.parent();
      return known != null ? known : Bytes32.of(loaded()[1]);
    }

    @Override
    public Instant timestamp() {
      fields.useHeader();
      Instant known = block.timestamp();
      return known != null ? known : Instant.parse(loaded()[2]);
    }

    private String[] loaded() {
      String[] parts = loaded;
      if (parts == null) {
        parts = context.effect(headers, block.hash()).split(" ", -1);
        loaded = parts;
      }
      return parts;
    }

    @Override
    public String toString() {
      return "block=%d hash=%s".formatted(block.number(), block.hash());
    }
  }

  private final class LazyTransaction implements EvmTransaction {
    private final Context context;
    private final SourceBlock block;
    private final TransactionRef transaction;
    private @Nullable TransactionBody body;

    LazyTransaction(Context context, SourceBlock block, TransactionRef transaction) {
      this.context = context;
      this.block = block;
      this.transaction = transaction;
    }

    @Override
    public Bytes32 hash() {
      return transaction.hash();
    }

    @Override
    public int index() {
      return transaction.index();
    }

    @Override
    public Address from() {
      return body().from();
    }

    @Override
    public Optional<Address> to() {
      return Optional.ofNullable(body().to());
    }

    @Override
    public BigInteger value() {
      return body().value();
    }

    @Override
    public long nonce() {
      return body().nonce();
    }

    @Override
    public Bytes input() {
      fields.useTransaction();
      TransactionBody fetched = blockData.fetched(hash(), block.hash());
      return fetched != null ? fetched.input() : context.effect(inputs, key());
    }

    private TransactionBody body() {
      fields.useTransaction();
      TransactionBody known = body;
      if (known == null) {
        known = blockData.fetched(hash(), block.hash());
      }
      if (known == null) {
        String[] parts = context.effect(transactions, key()).split(" ", -1);
        known =
            new TransactionBody(
                hash(),
                Address.of(parts[0]),
                parts[1].equals(UNKNOWN_HANDLER) ? null : Address.of(parts[1]),
                new BigInteger(parts[2]),
                Bytes.EMPTY,
                Long.parseLong(parts[3]));
      }
      body = known;
      return known;
    }

    private String key() {
      return hash() + " " + block.hash();
    }

    @Override
    public String toString() {
      return "transaction=%s index=%d".formatted(hash(), index());
    }
  }
}
