package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import java.math.BigInteger;
import org.junit.jupiter.api.Test;

/** The expected tables contain the cases that the scenarios are there to prove. */
final class ReferenceTest {
  private static final DevChain CHAIN =
      new DevChain(DevChainSettings.DEFAULTS.withBlocks(3_000).withAccounts(1_000));

  @Test
  void balances_sumToZero() {
    Erc20Expected expected = Erc20Expected.of(CHAIN);

    assertThat(expected.transfers()).hasSize(75_000);
    assertThat(expected.accounts()).hasSize(1_001);
    assertThat(
            expected.accounts().stream()
                .map(Erc20.Account::balance)
                .reduce(BigInteger.ZERO, BigInteger::add))
        .isZero();
  }

  @Test
  void names_areMovedDeletedAndMadeAgain() {
    RegistryExpected expected = RegistryExpected.of(CHAIN);

    assertThat(expected.owners()).hasSizeBetween(50, 60);
    assertThat(expected.names()).hasSizeGreaterThan(500).anyMatch(name -> name.moves() > 1);
    assertThat(expected.changes())
        .anyMatch(change -> change.to() == null)
        .anyMatch(change -> change.from() != null && change.to() != null);
    long released = expected.changes().stream().filter(change -> change.to() == null).count();
    long made = expected.changes().stream().filter(change -> change.from() == null).count();
    assertThat(made).isEqualTo(released + expected.names().size());
  }
}
