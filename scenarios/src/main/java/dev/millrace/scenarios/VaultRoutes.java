package dev.millrace.scenarios;

import dev.millrace.evm.Event;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmContext;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.Index;
import dev.millrace.loaders.Unsigned;
import dev.millrace.pipeline.Indexer;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.function.Consumer;

/**
 * Every event of a factory, of the pools that it creates, of the vaults that pools announce, and
 * every transfer of all other contracts, each with the contract that it was delivered to.
 *
 * <p>The tape has a digest of all deliveries in their order, so that two of them in the wrong order
 * differ from the right order for good.
 */
public final class VaultRoutes {
  static final String FACTORY = "Factory";

  static final String POOL = "Pool";

  static final String VAULT = "Vault";

  static final String ANYWHERE = "Anywhere";

  @Event("VaultOpened(address vault)")
  public record VaultOpened(Address vault) {}

  @Entity(immutable = true)
  public record Delivery(
      @Id EventId id,
      String contract,
      @Index Address emitter,
      Bytes32 blockHash,
      Bytes32 transaction,
      Instant time,
      Address subject,
      @Unsigned BigInteger amount) {}

  /** The events of an address so far, and the contract of its last event. */
  @Entity
  public record Emitter(
      @Id Address address, String contract, long events, @Unsigned BigInteger amount) {}

  @Entity
  public record Tape(@Id String name, long events, Bytes32 digest) {
    static final String NAME = "all";

    Tape plus(EventId id, String contract) {
      try {
        MessageDigest sha = MessageDigest.getInstance("SHA-256");
        sha.update(digest.bytes());
        sha.update((id.value() + " " + contract).getBytes(StandardCharsets.UTF_8));
        return new Tape(name, events + 1, Bytes32.of(sha.digest()));
      } catch (NoSuchAlgorithmException missing) {
        throw new IllegalStateException(missing);
      }
    }
  }

  private VaultRoutes() {}

  static Indexer indexer() {
    return indexer(_ -> {});
  }

  /**
   * Builds the indexer with an additional action at each event.
   *
   * @param also runs first in each handler
   */
  static EvmIndexer indexer(Consumer<EvmContext> also) {
    return Evm.indexer("routes")
        .entities(Delivery.class, Emitter.class, Tape.class)
        .contract(
            FACTORY,
            factory ->
                factory.on(
                    Amm.PoolCreated.class,
                    (event, context) ->
                        deliver(also, context, FACTORY, event.pool(), BigInteger.ZERO)))
        .contract(
            POOL,
            pool ->
                pool.createdBy(Amm.PoolCreated.class, Amm.PoolCreated::pool)
                    .on(
                        Amm.Synced.class,
                        (event, context) ->
                            deliver(also, context, POOL, context.contract(), event.reserve0()))
                    .on(
                        Amm.Swapped.class,
                        (event, context) ->
                            deliver(also, context, POOL, event.to(), event.amount0In()))
                    .on(
                        VaultOpened.class,
                        (event, context) ->
                            deliver(also, context, POOL, event.vault(), BigInteger.ZERO)))
        .contract(
            VAULT,
            vault ->
                vault
                    .createdBy(VaultOpened.class, VaultOpened::vault)
                    .on(
                        Erc20.Transferred.class,
                        (event, context) ->
                            deliver(also, context, VAULT, event.to(), event.value())))
        .contract(
            ANYWHERE,
            anywhere ->
                anywhere
                    .anywhere()
                    .on(
                        Erc20.Transferred.class,
                        (event, context) ->
                            deliver(also, context, ANYWHERE, event.to(), event.value())))
        .build();
  }

  private static void deliver(
      Consumer<EvmContext> also,
      EvmContext context,
      String contract,
      Address subject,
      BigInteger amount) {
    also.accept(context);
    EventId id = context.eventId();
    Address address = context.contract();
    context.save(
        new Delivery(
            id,
            contract,
            address,
            context.block().hash(),
            context.transaction().hash(),
            context.block().timestamp(),
            subject,
            amount));
    Emitter emitter =
        context
            .find(Emitter.class, address)
            .orElseGet(() -> new Emitter(address, contract, 0, BigInteger.ZERO));
    context.save(
        new Emitter(address, contract, emitter.events() + 1, emitter.amount().add(amount)));
    Tape tape =
        context.find(Tape.class, Tape.NAME).orElseGet(() -> new Tape(Tape.NAME, 0, Bytes32.ZERO));
    context.save(tape.plus(id, contract));
  }
}
