# Sourced by the scripts that launch the job: reads their command line, and shows or runs commands.

# Reads the command line: sets `action`, `arguments` (all behind it), `passed_on` (what is the job's of these), `print`
# (yes: show commands, run none) and `skip_check`. Shows the help and exits if that is what is asked.
read_command_line() { # OPTION ... -- WORD ...: the options with a value that the script alone knows, and the words
  local own=' ' word name
  while [ "$1" != -- ]; do own+="--$1 " && shift; done
  shift
  [ $# -gt 0 ] || { usage; exit 2; }
  for word in "$@"; do
    case "$word" in
      --help | -h) usage; exit 0 ;;
    esac
  done
  action=$1
  shift
  arguments=("$@")
  passed_on=()
  print=no
  skip_check=no
  while [ $# -gt 0 ]; do
    name=${1%%=*}
    if [ "$1" = --print ]; then
      print=yes
    elif [ "$1" = --skip_check ]; then
      skip_check=yes
    elif [[ "$own" == *" $name "* ]]; then
      [ "$name" != "$1" ] || shift # its value
    else
      passed_on+=("$1")
    fi
    shift || true
  done
}

refuse() {
  printf '%s\n' "$1" >&2
  exit 2
}

# Sets `value` to the value of an option in `arguments`, which has --NAME VALUE or --NAME=VALUE; the last one counts.
# Fails, with an empty value, if the option is missing.
find_value() { # NAME
  local i found=1
  value=
  for ((i = 0; i < ${#arguments[@]}; i++)); do
    case "${arguments[i]}" in
      "--$1") value=${arguments[i + 1]:-} found=0 ;;
      "--$1="*) value=${arguments[i]#*=} found=0 ;;
    esac
  done
  return $found
}

need() { # OPTION FORM
  find_value "$1" || true
  [[ "$value" == [!-]* ]] || refuse "$action needs --$1 $2."
}

# Shows a command as it could be typed, or runs it.
run() {
  if [ "$print" = yes ]; then
    printf '%q ' "$@" | sed 's/ $/\n/'
  else
    "$@"
  fi
}

# The same in place of this process, so that signals reach the command.
run_in_place() {
  [ "$print" = yes ] || exec "$@"
  run "$@"
}
