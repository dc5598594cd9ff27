package dev.millrace.scenarios;

import dev.millrace.app.Millrace;
import dev.millrace.evm.Event;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmContext;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.Index;
import dev.millrace.loaders.Unsigned;
import dev.millrace.pipeline.Indexer;
import java.math.BigInteger;

/** Every ERC-20 transfer, and the balance of every account. */
public final class Erc20 {

  @Event("Transfer(address indexed from, address indexed to, uint256 value)")
  public record Transferred(Address from, Address to, BigInteger value) {}

  @Entity(immutable = true)
  public record Transfer(
      @Id EventId id,
      long block,
      int logIndex,
      @Index Address from,
      @Index Address to,
      @Unsigned BigInteger value) {}

  @Entity
  public record Account(@Id Address address, BigInteger balance, long transfers) {
    static Account empty(Address address) {
      return new Account(address, BigInteger.ZERO, 0);
    }

    Account plus(BigInteger amount) {
      return new Account(address, balance.add(amount), transfers + 1);
    }
  }

  static Indexer indexer() {
    return Evm.indexer("erc20")
        .entities(Transfer.class, Account.class)
        .contract("Token", token -> token.on(Transferred.class, Erc20::transferred))
        .build();
  }

  public static void main(String[] args) {
    Millrace.run(Erc20::indexer, args);
  }

  static void transferred(Transferred event, EvmContext context) {
    EventId id = context.eventId();
    context.save(
        new Transfer(id, id.block(), id.logIndex(), event.from(), event.to(), event.value()));
    move(context, event.from(), event.value().negate());
    move(context, event.to(), event.value());
  }

  private static void move(EvmContext context, Address owner, BigInteger amount) {
    Account account = context.find(Account.class, owner).orElseGet(() -> Account.empty(owner));
    context.save(account.plus(amount));
  }
}
