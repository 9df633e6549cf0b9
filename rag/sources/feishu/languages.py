"""The languages of Feishu's code blocks, by their numbers, as Markdown names them."""

_NAMES = (
    "text abap ada apache apex asm bash csharp cpp c cobol css coffeescript d dart delphi django dockerfile "
    "erlang fortran foxpro go groovy html htmlbars http haskell json java javascript julia kotlin latex lisp "
    "logo lua matlab makefile markdown nginx objectivec openedge php perl postscript powershell prolog "
    "protobuf python r rpg ruby rust sas scss sql scala scheme scratch shell swift thrift typescript "
    "vbscript vb xml yaml cmake diff gherkin graphql glsl properties solidity toml"
)

LANGUAGES = {number: name for number, name in enumerate(_NAMES.split(), 1) if name != "text"}
"""Plain text, number 1, has no name."""
