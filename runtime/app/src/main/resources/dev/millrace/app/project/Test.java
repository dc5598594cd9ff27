package {{package}};

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.loaders.Address;
import dev.millrace.testkit.BlockChanges;
import dev.millrace.testkit.IndexerTest;
import java.math.BigInteger;
import org.junit.jupiter.api.Test;
import {{package}}.{{type}}.Account;
import {{package}}.{{type}}.Transferred;

/** Neither test needs a database or a node. */
class {{type}}Test {
  private static final Address ALICE = Address.of("0x00000000000000000000000000000000000000a1");
  private static final Address BOB = Address.of("0x00000000000000000000000000000000000000b0");

  private final IndexerTest test = IndexerTest.of({{type}}.indexer());

  @Test
  void transfer_movesTheValue() {
    BlockChanges changes = test.emit(new Transferred(ALICE, BOB, BigInteger.TEN));

    assertThat(changes.inserted(Account.class))
        .containsExactly(
            new Account(ALICE, BigInteger.TEN.negate(), 1), new Account(BOB, BigInteger.TEN, 1));

    test.emit(new Transferred(BOB, ALICE, BigInteger.ONE));

    assertThat(test.find(Account.class, BOB))
        .contains(new Account(BOB, BigInteger.valueOf(9), 2));
  }

  @Test
  void devChain_balancesAddUpToNothing() throws Exception {
    test.run(new DevChain(DevChainSettings.DEFAULTS.withBlocks(200).withAccounts(100)));

    assertThat(test.rows(Account.class)).isNotEmpty();
    assertThat(
            test.rows(Account.class).stream()
                .map(Account::balance)
                .reduce(BigInteger.ZERO, BigInteger::add))
        .isEqualTo(BigInteger.ZERO);
  }
}
