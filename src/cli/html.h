// SPDX-License-Identifier: Apache-2.0
// Pages that can be mailed: no script, no font, no picture from elsewhere.
#pragma once

#include <string>
#include <string_view>

namespace memseal::cli {

/// Text for a page, between tags or in a quoted attribute: printable
/// (report::printable) and with nothing that HTML would take for its own.
std::string html_text(std::string_view text);

/// The page of this title and these contents. `more_style` follows the style
/// that all pages have (html.cc): colours for light and dark, .soft, .verdict,
/// .good, .bad, .held, .declared, .wrong, .none.
std::string html_page(std::string_view title, std::string_view more_style,
                      std::string_view body);

}  // namespace memseal::cli
