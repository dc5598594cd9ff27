package {{package}};

import dev.millrace.app.Millrace;
import dev.millrace.evm.Event;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmContext;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.Id;
import dev.millrace.pipeline.Indexer;
import java.math.BigInteger;

/** The balance of every account of a token. */
public final class {{type}} {
  private {{type}}() {}

  /** An event of the token: its components are the parameters of the signature, in their order. */
  @Event("Transfer(address indexed from, address indexed to, uint256 value)")
  public record Transferred(Address from, Address to, BigInteger value) {}

  /** A stored entity: a table named account, with a column for each component. */
  @Entity
  public record Account(@Id Address address, BigInteger balance, long transfers) {
    Account plus(BigInteger amount) {
      return new Account(address, balance.add(amount), transfers + 1);
    }
  }

  static Indexer indexer() {
    return Evm.indexer("{{indexer}}")
        .entities(Account.class)
        .contract("Token", token -> token.on(Transferred.class, {{type}}::transferred))
        .build();
  }

  public static void main(String[] args) {
    Millrace.run({{type}}::indexer, args);
  }

  // A handler is a function of its event and of what its Context returns: no clock, no mutable
  // static.
  private static void transferred(Transferred event, EvmContext context) {
    move(context, event.from(), event.value().negate());
    move(context, event.to(), event.value());
  }

  private static void move(EvmContext context, Address address, BigInteger amount) {
    Account account =
        context
            .find(Account.class, address)
            .orElseGet(() -> new Account(address, BigInteger.ZERO, 0));
    context.save(account.plus(amount));
  }
}
