package dev.millrace.evm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.DefinitionException;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.Id;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class EvmTest {
  @Event("Transfer(address indexed from, address indexed to, uint256 value)")
  record Transferred(Address from, Address to, BigInteger value) {}

  @Event("Transfer(address indexed src, address indexed dst, uint256 wad)")
  record Moved(Address src, Address dst, BigInteger wad) {}

  @Event("Transfer(address indexed from, address indexed to, uint256 indexed tokenId)")
  record TokenTransferred(Address from, Address to, BigInteger tokenId) {}

  @Event("Named(string indexed name, string note, uint256 count, address _owner)")
  record Named(String name, long note, long count, Address holder, int more) {}

  record Bare(int x) {}

  @Event("Thing(uint256[] xs)")
  record Arrays(BigInteger xs) {}

  @Entity
  record Account(@Id Address address, BigInteger balance) {}

  @Entity(table = "account")
  record Holder(@Id Address address) {}

  @Entity
  record Thing(Thread thread) {}

  private static <E> void ignore(E event, EvmContext context) {}

  @Test
  void build_makesAValueThatSaysWhatItAsks() {
    EvmIndexer indexer =
        Evm.indexer("erc20")
            .entities(Account.class)
            .contract("Token", token -> token.on(Transferred.class, EvmTest::ignore))
            .contract("Any", any -> any.anywhere().on(TokenTransferred.class, EvmTest::ignore))
            .build();

    assertThat(indexer.name()).isEqualTo("erc20");
    assertThat(indexer.entities()).map(EntityType::name).containsExactly("Account");
    assertThat(indexer.contracts()).containsExactly("Token");
    assertThat(indexer.sourceRequirements())
        .isEqualTo(
            Map.of(
                "Token.Transfer(address,address,uint256)/3",
                "Transfer(address indexed, address indexed, uint256)",
                "Any.Transfer(address,address,uint256)/4",
                "Transfer(address indexed, address indexed, uint256 indexed) anywhere"));
  }

  @Test
  @Tag("C10")
  @DisplayName("C10 all mistakes of a definition are listed at once, in the words of its records")
  void build_listsAllMistakesAtOnce() {
    Evm.Definition definition =
        Evm.indexer("Pg Thing")
            .entities(Account.class, Holder.class, Thing.class)
            .contract(
                "Token",
                token ->
                    token
                        .on(Transferred.class, EvmTest::ignore)
                        .on(Moved.class, EvmTest::ignore)
                        .on(Named.class, EvmTest::ignore)
                        .on(Bare.class, EvmTest::ignore)
                        .on(Arrays.class, EvmTest::ignore))
            .contract("Token", _ -> {});

    DefinitionException refused =
        catchThrowableOfType(DefinitionException.class, definition::build);

    String list = String.join("\n", refused.mistakes());
    assertThat(List.of(list.split("\n")))
        .satisfiesExactly(
            line -> assertThat(line).startsWith("the name must be lower-case letters"),
            line ->
                assertThat(line)
                    .isEqualTo("Holder takes a table that is taken: table=account by=Account"),
            line -> assertThat(line).startsWith("Thing.thread has a type that no column can hold"),
            line -> assertThat(line).isEqualTo("Thing has no component annotated with @Id"),
            line ->
                assertThat(line)
                    .isEqualTo(
                        "contract Token has two handlers for one event:"
                            + " event=Transfer(address,address,uint256) records=Transferred, Moved"),
            line ->
                assertThat(line)
                    .startsWith("Named has 5 components and its signature 4 parameters"),
            line ->
                assertThat(line)
                    .isEqualTo(
                        "Named.name has a type that cannot hold its parameter:"
                            + " parameter=string indexed type=String fitting=Bytes32, the hash of it"),
            line -> assertThat(line).contains("Named.note", "type=long fitting=String"),
            line -> assertThat(line).contains("Named.count", "type=long fitting=BigInteger"),
            line ->
                assertThat(line)
                    .isEqualTo(
                        "Named.holder stands where the signature has another name: parameter=_owner"),
            line -> assertThat(line).isEqualTo("Bare is not annotated with @Event"),
            line ->
                assertThat(line)
                    .isEqualTo(
                        "Arrays.xs has a type that cannot hold its parameter:"
                            + " parameter=uint256[] type=BigInteger fitting=List<BigInteger>"),
            line -> assertThat(line).isEqualTo("contract Token is defined twice"),
            line -> assertThat(line).isEqualTo("contract Token has no handler"));
  }

  @Event("Created(address indexed by, address child)")
  record Created(Address by, Address child) {}

  @Event("Note(address indexed who) anonymous")
  record Note(Address who) {}

  @Test
  void build_knowsContractsThatAreFoundOnTheWay() {
    EvmIndexer indexer =
        Evm.indexer("found")
            .entities(Account.class)
            .contract("Factory", factory -> factory.on(Created.class))
            .contract(
                "Child",
                child ->
                    child
                        .createdBy(Created.class, Created::child)
                        .on(Transferred.class, EvmTest::ignore))
            .build();

    assertThat(indexer.contracts()).containsExactly("Factory");
    assertThat(indexer.sourceRequirements())
        .isEqualTo(
            Map.of(
                "Factory.Created(address,address)/2",
                "Created(address indexed, address) without a handler",
                "Child.Transfer(address,address,uint256)/3",
                "Transfer(address indexed, address indexed, uint256)",
                "Child found by",
                "Created"));
  }

  @Test
  void build_refusesWhatCannotBeFound() {
    Evm.Definition definition =
        Evm.indexer("found")
            .entities(Account.class)
            .contract(
                "Child",
                child ->
                    child
                        .createdBy(Created.class, Created::child)
                        .on(Transferred.class, EvmTest::ignore))
            .contract(
                "Any",
                any ->
                    any.anywhere()
                        .createdBy(Transferred.class, Transferred::to)
                        .on(Note.class, EvmTest::ignore)
                        .on(TokenTransferred.class));

    assertThat(catchThrowableOfType(DefinitionException.class, definition::build).mistakes())
        .containsExactly(
            "contract Any listens anywhere, so none of it can be found",
            "contract Any listens anywhere to an anonymous event, which is any log of any contract:"
                + " event=Note",
            "contract Child is found by an event that no contract declares: event=Created"
                + " remedy=\".on(Created.class) in the contract that emits it\"",
            "contract Any has an event that is not handled and finds no contract:"
                + " event=TokenTransferred");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1a", "Erc20", "a-b", "pg_a", "millrace_a", "information_schema"})
  void name_mustBeUsableAsASchema(String name) {
    assertThatThrownBy(() -> Evm.indexer(name).build()).hasMessageContaining("the name ");
  }

  @Test
  void name_mustNotBeCutByPostgres() {
    assertThatThrownBy(() -> Evm.indexer("a".repeat(64)).build())
        .hasMessageContaining("longer than 63 bytes");
  }

  @Test
  void event_mayNameItsParametersWithUnderscores() {
    @Event("Set(bytes32 _key, address new_)")
    record Set(Bytes32 key, Address _new) {}

    assertThat(EventDefinition.read(Set.class, EvmTest::ignore, new java.util.ArrayList<>()))
        .isPresent();
  }
}
