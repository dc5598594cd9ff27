package dev.millrace.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.config.Config;
import dev.millrace.config.ConfigFile;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.loaders.MillraceException;
import dev.millrace.runner.ContractConfigCheck;
import dev.millrace.runner.IndexerRuntime;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ContractFitTest {
  private static final EvmIndexer COUNTING = CountingMain.indexer(Long.MAX_VALUE);

  @Test
  void contract_thatIsMisspelledOrLeftOutIsReportedWithItsLine() {
    assertThat(
            mistakes(
                """
                name: counting
                chains:
                  - id: 1
                    rpc: dev://chain
                    contracts:
                      - name: Tokn
                        address: "0x7075b10c00000000000000000000000000000001"
                """))
        .containsExactly(
            "f.yaml:6: chains[0].contracts[0].name: is no contract of the indexer that needs an address:"
                + " value=Tokn, did you mean Token?; expected one of Token",
            "f.yaml:5: chains[0].contracts: says nothing of a contract of the indexer: name=Token;"
                + " expected its name and address");
  }

  @Test
  void contracts_thatAreMissingAreReportedBeforeAnythingIsOpened() {
    Config config = config("name: counting\nchains:\n  - { id: 1, rpc: 'dev://chain' }\n");

    assertThatThrownBy(() -> IndexerRuntime.of(COUNTING, config).start())
        .isInstanceOf(MillraceException.class)
        .hasMessageContainingAll("config does not fit", "f.yaml:3: chains[0].contracts: says");
  }

  private static List<String> mistakes(String text) {
    return ContractConfigCheck.mistakes(config(text).chains().getFirst(), COUNTING);
  }

  private static Config config(String text) {
    return switch (ConfigFile.read("f.yaml", text, Map.of(), Path.of("nowhere"))) {
      case ConfigFile.Valid valid -> valid.config();
      case ConfigFile.Invalid invalid -> throw new AssertionError(invalid);
    };
  }
}
