from fairtrial.analysis.verdicts import Estimate as Estimate
from fairtrial.analysis.verdicts import Verdict as Verdict
from fairtrial.api import (
    Conditions as Conditions,
)
from fairtrial.api import (
    Result as Result,
)
from fairtrial.api import (
    compare as compare,
)
from fairtrial.api import (
    open_candidate as open_candidate,
)
from fairtrial.api import (
    result as result,
)
from fairtrial.api import (
    run as run,
)
from fairtrial.errors import FairtrialError as FairtrialError
from fairtrial.ledger import Ledger as Ledger
from fairtrial.records import (
    GenerateAnswer as GenerateAnswer,
)
from fairtrial.records import (
    GenerateRequest as GenerateRequest,
)
from fairtrial.records import (
    Item as Item,
)
from fairtrial.records import (
    Measure as Measure,
)
from fairtrial.records import (
    Observation as Observation,
)
from fairtrial.records import (
    Pair as Pair,
)
from fairtrial.records import (
    Prompt as Prompt,
)
from fairtrial.records import (
    ScoreAnswer as ScoreAnswer,
)
from fairtrial.records import (
    ScoreRequest as ScoreRequest,
)
from fairtrial.spec.candidate import Candidate as Candidate
from fairtrial.spec.candidate import Decoding as Decoding
from fairtrial.spec.functions import Function as Function
from fairtrial.spec.limits import Limit as Limit
from fairtrial.spec.source import load_trial as load_trial
from fairtrial.spec.trial import Decide as Decide
from fairtrial.spec.trial import TaskEntry as TaskEntry
from fairtrial.spec.trial import Trial as Trial

__version__: str
__all__: list[str]
