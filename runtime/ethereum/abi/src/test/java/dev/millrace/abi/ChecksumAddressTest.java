package dev.millrace.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.Address;
import java.util.Locale;
import org.junit.jupiter.api.Test;

final class ChecksumAddressTest {
  private static final String RIGHT = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

  @Test
  void address_hasItsChecksumInTheCaseOfItsLetters() {
    assertThat(ChecksumAddress.text(Address.of(RIGHT))).isEqualTo(RIGHT);
    assertThat(ChecksumAddress.of(RIGHT)).isEqualTo(Address.of(RIGHT));
  }

  @Test
  void address_inOneCaseHasNoChecksum() {
    assertThat(ChecksumAddress.of(RIGHT.toLowerCase(Locale.ROOT))).isEqualTo(Address.of(RIGHT));
    assertThat(ChecksumAddress.of("0x" + RIGHT.substring(2).toUpperCase(Locale.ROOT)))
        .isEqualTo(Address.of(RIGHT));
  }

  @Test
  void address_withAWrongChecksumIsRefused() {
    assertThatThrownBy(() -> ChecksumAddress.of(RIGHT.replace("Aed", "aed")))
        .hasMessageContaining("wrong checksum")
        .hasMessageContaining("checksummed=" + RIGHT);
  }
}
