package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"stageprobe/probe/address"
	"stageprobe/probe/inventory"
	"stageprobe/probe/logs/fetch"
	"stageprobe/probe/redact"
)

// credentialWait bounds the search for credentials: on a machine without any,
// the SDK's chain ends with a metadata service that does not answer.
const credentialWait = 10 * time.Second

const (
	// callWait bounds one call, with its answer, to AWS.
	callWait = 20 * time.Second
	// configurationWait bounds the reading of what is checked.
	configurationWait = 2 * time.Minute
)

// cloud is the AWS side of a run. Without credentials it is nil, and an
// [inventory.UnreadError] says why: the check goes on with what it can see from
// outside.
type cloud struct {
	cfg aws.Config
	inv *inventory.Reader
	log *fetch.Reader

	endpoint string // of the API Gateway service, where it is not Amazon's; "" else
	account  string // "" where the credentials do not tell
	calls    *calls

	credentials *renewable
	scanned     int64 // bytes, by log readers that were forgotten
}

// renewable are credentials that can be looked for again: those of a profile that
// was logged in anew are in files that were read before.
type renewable struct {
	mu      sync.Mutex
	current aws.CredentialsProvider
	load    func(context.Context) (aws.CredentialsProvider, error)
	learn   func(aws.Credentials)
}

// Retrieve gives the credentials as they were last found.
func (r *renewable) Retrieve(ctx context.Context) (aws.Credentials, error) {
	r.mu.Lock()
	current := r.current
	r.mu.Unlock()
	return current.Retrieve(ctx)
}

// renew looks for credentials as at the beginning.
func (c *cloud) renew(ctx context.Context) {
	if c.credentials == nil {
		return
	}
	within, cancel := context.WithTimeout(ctx, credentialWait)
	defer cancel()
	fresh, err := c.credentials.load(within)
	if err != nil || fresh == nil {
		return // the next call says what is wrong
	}
	if found, err := fresh.Retrieve(within); err == nil {
		c.credentials.learn(found)
	}
	c.credentials.mu.Lock()
	defer c.credentials.mu.Unlock()
	c.credentials.current = fresh
}

// forget begins with a log reader that remembers nothing.
func (c *cloud) forget() {
	c.scanned += c.log.Scanned()
	c.log = &fetch.Reader{Client: c.log.Client, Now: c.log.Now, Limiter: c.log.Limiter}
}

// open finds region and credentials as the AWS CLI does. fallback is the
// region of a pasted URL. The secrets of credentials are made known before the first call: an
// answer may repeat them.
func (f *awsFlags) open(ctx context.Context, secrets *redact.Redactor, fallback string) (c *cloud, why *inventory.UnreadError, err error) {
	if err := f.validate(); err != nil {
		return nil, nil, err
	}
	proxies, err := f.proxies()
	if err != nil {
		return nil, nil, err
	}
	opts := []func(*config.LoadOptions) error{
		config.WithAppID("stageprobe"), config.WithLogger(logging.Nop{}),
		config.WithProcessCredentialOptions(func(o *processcreds.Options) { o.Timeout = credentialWait - time.Second }),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(callWait).WithTransportOptions(func(t *http.Transport) { t.Proxy = sdkProxy(proxies) })),
	}
	if f.region != "" {
		opts = append(opts, config.WithRegion(f.region))
	}
	if f.profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(f.profile))
	}
	if f.credentials != nil { // of the embedded gateway
		opts = append(opts, config.WithCredentialsProvider(f.credentials))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		var missing config.SharedConfigProfileNotExistError
		if errors.As(err, &missing) {
			return nil, nil, hint(fmt.Errorf("profile %s: %w", f.profile, err), "aws configure list-profiles names the profiles there are")
		}
		return nil, nil, fmt.Errorf("read the AWS configuration: %w", err)
	}
	if problem, instead := address.NoRegion(cfg.Region); f.region == "" && cfg.Region != "" && problem != "" {
		return nil, nil, hint(fmt.Errorf("the region %s of %s %s", cfg.Region, f.regionSource(), problem), "%s", "set it right, or give --region "+instead)
	}
	if cfg.Region == "" {
		cfg.Region = fallback
	}
	if cfg.Region == "" {
		return nil, &inventory.UnreadError{Reason: inventory.NoRegion}, nil
	}
	if f.endpoint != "" {
		cfg.BaseEndpoint = aws.String(f.endpoint)
	}
	cfg.Credentials = f.assume(cfg)
	within, cancel := context.WithTimeout(ctx, credentialWait)
	defer cancel()
	if cfg.Credentials == nil {
		return nil, &inventory.UnreadError{Reason: inventory.NoCredentials}, nil
	}
	made := &calls{}
	cfg.HTTPClient = &counted{cfg.HTTPClient, made}
	creds, err := cfg.Credentials.Retrieve(within)
	if err != nil {
		return nil, credentialsError(within, cfg.Credentials, err), nil
	}
	renewed := &renewable{current: cfg.Credentials, load: func(ctx context.Context) (aws.CredentialsProvider, error) {
		again, err := config.LoadDefaultConfig(ctx, opts...)
		if err != nil {
			return nil, err
		}
		again.Region, again.BaseEndpoint = cfg.Region, cfg.BaseEndpoint
		return f.assume(again), nil
	}}
	cfg.Credentials = renewed
	c = newCloud(cfg)
	c.calls, c.account, c.credentials = made, creds.AccountID, renewed
	renewed.learn = func(found aws.Credentials) {
		if f.credentials != nil {
			return // the embedded gateway's own are no secret
		}
		secrets.AddParts(found.SecretAccessKey, found.SessionToken)
		if len(found.AccessKeyID) >= 16 { // as all of AWS are; it goes out with each signature
			secrets.AddParts(found.AccessKeyID)
		}
	}
	renewed.learn(creds)
	return c, nil, nil
}

// regionSource says where the SDK finds the region that no flag names.
func (f *awsFlags) regionSource() string {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if os.Getenv(name) != "" {
			return name
		}
	}
	return "profile " + cmp.Or(f.profile, os.Getenv("AWS_PROFILE"), os.Getenv("AWS_DEFAULT_PROFILE"), "default")
}

// credentialsError says why there are none. The metadata service of a machine, with which
// the chain ends, is silent wherever there is none; any other source was named by somebody.
func credentialsError(within context.Context, provider aws.CredentialsProvider, err error) *inventory.UnreadError {
	named, ok := provider.(aws.CredentialProviderSource)
	if within.Err() != nil && ok && !slices.Contains(named.ProviderSources(), aws.CredentialSourceIMDS) {
		return &inventory.UnreadError{Reason: inventory.Silent, Detail: fmt.Sprintf("waited %s", credentialWait)}
	}
	return inventory.CredentialsError(err)
}

// assume gives the credentials of the role that is to be taken, where one is.
func (f *awsFlags) assume(cfg aws.Config) aws.CredentialsProvider {
	if f.role == "" || cfg.Credentials == nil {
		return cfg.Credentials
	}
	return aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), f.role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "stageprobe"
	}))
}

func newCloud(cfg aws.Config) *cloud {
	rest := apigateway.NewFromConfig(cfg)
	return &cloud{
		cfg: cfg, endpoint: aws.ToString(rest.Options().BaseEndpoint),
		inv: &inventory.Reader{
			REST: rest, HTTP: apigatewayv2.NewFromConfig(cfg),
			Trail: cloudtrail.NewFromConfig(cfg), Lambda: lambda.NewFromConfig(cfg), Metrics: cloudwatch.NewFromConfig(cfg),
			STS: sts.NewFromConfig(cfg), Region: cfg.Region,
		},
		log: &fetch.Reader{Client: cloudwatchlogs.NewFromConfig(cfg)},
	}
}
